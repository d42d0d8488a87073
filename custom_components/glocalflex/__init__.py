"""The GLocalFlex integration."""
