package uk.ac.manchester.tornado.api;

/** All backends: one. */
public final class TornadoRuntime {
    private final TornadoBackend backend = new TornadoBackend();

    public int getNumBackends() {
        return 1;
    }

    public TornadoBackend getBackend(int index) {
        return backend;
    }
}
