"""The whole topology under work while its parts are killed, frozen and cut off: is anything lost, or done twice?"""
