package io.safeprobe.engine.kernel;

import java.util.function.Supplier;

/** Kernels under test. */
public record Backend(String name, Supplier<? extends Kernels> open) {
    @Override
    public String toString() {
        return name;
    }
}
