package io.safeprobe.sap.data;

/**
 * A row and where it came from.
 *
 * @param place for messages, for example {@code line 7}
 */
record Placed<T>(String place, T value) {}
