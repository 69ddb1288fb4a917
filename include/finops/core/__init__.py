"""What every layer may know: settings, errors, money, periods, FOCUS, formats, SQL, atomic files, locks."""
