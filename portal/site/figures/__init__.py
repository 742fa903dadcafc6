"""Figures about the programme for Congress: counts and median times by quarter, small cells suppressed."""
