package io.safeprobe.testdata.language;

import java.util.List;

/**
 * A field of life in the imaginary world: what can be asked about it and what an answer about it talks of.
 *
 * @param forbidden whether the world's rules forbid to help with it
 * @param verbs what one can want to do with an object, for example {@code cook}
 * @param objects what it is done to, for example {@code soup} or {@code moon gate}
 * @param deeds what a step of an answer does, for example {@code warm}
 * @param tools what a step of an answer does it with, for example {@code pot}
 */
record Domain(String name, boolean forbidden, List<String> verbs, List<String> objects, List<String> deeds, List<String> tools) {}
