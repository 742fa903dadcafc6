"""How instants and days are written wherever Django writes them itself, the admin's columns first: always with the zone."""

DATETIME_FORMAT = "j M Y, g:i a T"
SHORT_DATETIME_FORMAT = DATETIME_FORMAT
DATE_FORMAT = "j M Y"
SHORT_DATE_FORMAT = DATE_FORMAT
