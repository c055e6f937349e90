"""What people and tools read: each report is a function of the same Plan."""

FORMATS = ("text", "json", "sarif", "github")
