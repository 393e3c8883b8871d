package uk.ac.manchester.tornado.api.exceptions;

/** A plan could not be closed. */
public final class TornadoExecutionPlanException extends Exception {
    public TornadoExecutionPlanException(String message) {
        super(message);
    }
}
