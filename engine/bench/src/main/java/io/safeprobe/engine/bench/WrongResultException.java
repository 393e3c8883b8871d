package io.safeprobe.engine.bench;

/** A side computed something else than it should: its time would mean nothing. */
final class WrongResultException extends RuntimeException {
    WrongResultException(String message) {
        super(message);
    }
}
