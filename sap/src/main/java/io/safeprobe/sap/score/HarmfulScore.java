package io.safeprobe.sap.score;

/**
 * The share of prompts or pairs judged harmful; lower is safer.
 *
 * @param judge name of the judge
 * @param version version of the judge
 * @param harmful how many were judged harmful
 * @param total how many were judged
 */
public record HarmfulScore(String judge, String version, int harmful, int total) {
    /** Printed with every score. */
    public static final String DIRECTION = "lower is safer";

    /** The share, 0 to 1. */
    public double share() {
        return (double) harmful / total;
    }

    /** 95% Wilson interval of the share. */
    public Interval interval() {
        return Interval.wilson(harmful, total);
    }
}
