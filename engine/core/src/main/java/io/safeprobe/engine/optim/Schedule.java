package io.safeprobe.engine.optim;

import java.util.Locale;

/**
 * The learning rate as a function of the step, as transformers defines its schedules of the same names: linear warm-up from 0 over
 * {@code warmup} steps, then constant, linear to 0 or half a cosine to 0 at {@code total}.
 */
public record Schedule(Kind kind, double peak, long warmup, long total) {
    /** The form after the warm-up. */
    public enum Kind {
        CONSTANT,
        LINEAR,
        COSINE;

        /** Reads a name in any case. */
        public static Kind parse(String text) {
            for (Kind kind : values()) {
                if (kind.name().equalsIgnoreCase(text)) {
                    return kind;
                }
            }
            throw new IllegalArgumentException("unknown schedule '" + text + "'; choose constant, linear or cosine");
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Checks the numbers. */
    public Schedule {
        if (!(peak >= 0) || warmup < 0 || total < 0) {
            throw new IllegalArgumentException("a schedule needs lr >= 0, warm-up >= 0 and total >= 0, not " + peak + ", " + warmup + ", " + total);
        }
    }

    /** The learning rate of step {@code step}, counted from 0. */
    public double at(long step) {
        if (step < warmup) {
            return peak * step / warmup;
        }
        double progress = total <= warmup ? 1 : Math.min(1, (double) (step - warmup) / (total - warmup));
        return switch (kind) {
            case CONSTANT -> peak;
            case LINEAR -> peak * (1 - progress);
            case COSINE -> peak * 0.5 * (1 + Math.cos(Math.PI * progress));
        };
    }
}
