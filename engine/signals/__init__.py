"""Signal processing: filters, resampling, quality, pyramid."""
