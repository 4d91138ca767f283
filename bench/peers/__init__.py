"""The libraries that flags are compared with, each set up offline to decide the same three flags.

Every function takes flags by key and kind and returns call(key, subject, attributes) → truth. What
is not installed raises ImportError and is named as absent. No function may reach a network.
"""
