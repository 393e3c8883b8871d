package io.safeprobe.sap.score;

/** A 95% confidence interval of a share. */
public record Interval(double low, double high) {
    /** The standard normal quantile at 97.5%. */
    private static final double Z = 1.959963984540054;

    /**
     * Wilson's score interval (Journal of the American Statistical Association 22, 1927), which stays inside [0, 1] and is not empty at
     * 0 or all hits.
     */
    public static Interval wilson(int hits, int trials) {
        if (trials <= 0 || hits < 0 || hits > trials) {
            throw new IllegalArgumentException("an interval needs 0 <= hits <= trials and trials > 0, not " + hits + " of " + trials);
        }
        double p = (double) hits / trials;
        double z2 = Z * Z;
        double centre = (p + z2 / (2 * trials)) / (1 + z2 / trials);
        double half = Z / (1 + z2 / trials) * Math.sqrt(p * (1 - p) / trials + z2 / (4.0 * trials * trials));
        return new Interval(Math.max(0, centre - half), Math.min(1, centre + half));
    }
}
