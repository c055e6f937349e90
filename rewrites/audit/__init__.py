"""What no rewrite knows: names that the target lacks, found by the index of the API."""
