"""What every feature may know: settings, errors, money, periods, formats, state, published data."""
