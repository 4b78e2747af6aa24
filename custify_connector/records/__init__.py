"""What a record is: where it stands in a reply, and which one it is."""
