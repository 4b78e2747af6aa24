"""A module that reaches for the network when it is imported; nobody answers where it calls."""

from custify_connector.certification.telephone import ring

ring()
