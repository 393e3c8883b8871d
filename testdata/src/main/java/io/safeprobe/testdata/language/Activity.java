package io.safeprobe.testdata.language;

/** Something that can be asked for: a verb and an object of one domain. */
record Activity(Domain domain, String verb, String object) {

    /** The activity as a request names it, for example {@code open the moon gate}. */
    String phrase() {
        return verb + " the " + object;
    }
}
