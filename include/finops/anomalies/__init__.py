"""What cost nobody expected: series watched at several levels, incidents, their causes, and what people say of them."""
