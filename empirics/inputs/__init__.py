"""Laws of the inputs that only simulation knows: finite data sets, with exact moments of many doubles. No torch."""
