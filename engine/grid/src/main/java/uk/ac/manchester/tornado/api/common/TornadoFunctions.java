package uk.ac.manchester.tornado.api.common;

/** Kernels of so many arguments. */
public final class TornadoFunctions {
    private TornadoFunctions() {}

    /** A kernel of four. */
    @FunctionalInterface
    public interface Task4<A, B, C, D> {
        void apply(A a, B b, C c, D d);
    }

    /** A kernel of six. */
    @FunctionalInterface
    public interface Task6<A, B, C, D, E, F> {
        void apply(A a, B b, C c, D d, E e, F f);
    }

    /** A kernel of seven. */
    @FunctionalInterface
    public interface Task7<A, B, C, D, E, F, G> {
        void apply(A a, B b, C c, D d, E e, F f, G g);
    }
}
