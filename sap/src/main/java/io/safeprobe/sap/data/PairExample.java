package io.safeprobe.sap.data;

/** A safety pair as token ids: the prompt with the safe response, and the prompt with the harmful one. */
public record PairExample(Example safe, Example harmful) {}
