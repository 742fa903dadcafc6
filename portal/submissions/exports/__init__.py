"""What a lab takes along of its case: the record of looks, the receipt as PDF, and everything in one archive."""
