"""Chinese text: folding, segmentation with jieba, the clinic's lexicon. Knows nothing of files to answer from."""
