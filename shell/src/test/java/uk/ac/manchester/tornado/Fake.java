package uk.ac.manchester.tornado;

/** Stands for TornadoVM's types, which the default build does not have. */
public final class Fake {
    private Fake() {}

    public static String name() {
        return "fake";
    }
}
