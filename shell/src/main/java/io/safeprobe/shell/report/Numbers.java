package io.safeprobe.shell.report;

import java.util.Locale;

/** Numbers as people read them, the same on every machine. */
public final class Numbers {
    private Numbers() {}

    /** A loss, share or norm: four decimals where that says something, else scientific. */
    public static String figure(double value) {
        double size = Math.abs(value);
        return size != 0 && (size < 1e-3 || size >= 1e5) ? String.format(Locale.ROOT, "%.2e", value) : String.format(Locale.ROOT, "%.4f", value);
    }

    /** A share with three decimals. */
    public static String share(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }

    /** A whole number with separators. */
    public static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** {@code 1 row}, {@code 2 rows}. */
    public static String count(long value, String what) {
        return count(value) + " " + what + (value == 1 ? "" : "s");
    }

    /** Bytes in decimal units. */
    public static String bytes(long bytes) {
        if (bytes < 1_000_000) {
            return String.format(Locale.ROOT, "%.0f kB", bytes / 1e3);
        }
        return bytes < 1_000_000_000 ? String.format(Locale.ROOT, "%.0f MB", bytes / 1e6) : String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
    }

    /** Seconds as {@code 0.012 s}, {@code 8 s}, {@code 3:05} or {@code 2:03:05}. */
    public static String duration(double seconds) {
        if (seconds < 10) {
            return String.format(Locale.ROOT, seconds < 1 ? "%.3f s" : "%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        if (whole < 60) {
            return whole + " s";
        }
        return whole < 3600
                ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    }
}
