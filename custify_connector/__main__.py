"""`python -m custify_connector` is the command `custify`."""

from custify_connector.cli import main

main(prog_name="custify")
