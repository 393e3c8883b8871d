package io.safeprobe.engine.bench;

/** Work of one kind and size. */
interface Case {
    /** What is measured, with shapes: unique, and what regular expressions are matched with. */
    String name();

    /**
     * Makes the tensors, lets every side run once and checks the results.
     *
     * @throws WrongResultException when a result differs from an independent computation of it
     */
    Pair open(Lab lab);
}
