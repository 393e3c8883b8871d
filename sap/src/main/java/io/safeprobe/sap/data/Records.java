package io.safeprobe.sap.data;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The records of one file in their order; each format has its own. */
@FunctionalInterface
interface Records extends AutoCloseable {
    /** The next record, or null after the last. */
    @Nullable Fields next() throws IOException;

    /** Frees what reading holds, but not a stream it was given. */
    @Override
    default void close() throws IOException {}
}
