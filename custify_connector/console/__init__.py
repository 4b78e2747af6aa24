"""The console: the screens of an integration platform in a browser, drawn from what a connector declares of itself.

It decides nothing: each button is a call that the command `custify` has too, and the page shows that command. It
knows no connector; whatever is registered appears with its own forms.
"""
