"""What is wrong with this machine (`cuport doctor`), and what a build log says (`cuport explain`)."""
