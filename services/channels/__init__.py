"""How each way in speaks: hotline, WeChat, field report; all end in one FileComplaint."""
