"""A burst of messages to a webhook and to mail: how many a second, over how many connections?"""
