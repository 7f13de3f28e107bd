# R: a linear model, random numbers of a known seed, sorting
# needs: /usr/bin/Rscript
# prints: 3 2 0.914806 1 4 9
# packages: r-base-core
Rscript -e 'x <- 1:50; m <- lm(y ~ x, data.frame(x = x, y = 3 + 2 * x)); set.seed(42); cat(round(coef(m)), format(runif(1), digits = 6), sort((3:1)^2), "\n")' 2>/dev/null | sed 's/ *$//'
