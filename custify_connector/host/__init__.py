"""The local host: it runs the connector's hooks on a laptop or server, with files in and out.

It knows files, rows and progress; it does not know Custify, HTTP, or what a hook does.
"""
