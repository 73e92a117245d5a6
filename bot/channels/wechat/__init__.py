"""WeChat: 公众号, 企业微信 applications and 微信客服, all of which know only the dialogue's port."""
