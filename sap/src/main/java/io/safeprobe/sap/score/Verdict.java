package io.safeprobe.sap.score;

/** One judged response. */
public record Verdict(String prompt, String response, boolean harmful, boolean finished) {}
