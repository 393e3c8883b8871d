package io.safeprobe.engine.bench;

/** One of the two programs that do the same work in turns. Only {@link #run()} is timed. */
interface Side {
    /** Makes ready what {@link #run()} needs. */
    default void prepare() {}

    /** The work. */
    void run();

    /** Frees what {@link #run()} has made. */
    default void release() {}
}
