"""A module that reaches for the network when it is imported; nothing listens at the address."""

from custify_connector.certification.telephone import ring

ring()
