package io.safeprobe.engine.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The extents of a tensor, outermost first. Immutable. */
public final class Shape {
    private final long[] extents;

    private Shape(long[] extents) {
        this.extents = extents;
    }

    /** A shape of the given extents; none may be negative and their product must fit a long. */
    public static Shape of(long... extents) {
        long product = 1;
        for (long extent : extents) {
            if (extent < 0) {
                throw new ShapeException("negative extent in " + Arrays.toString(extents));
            }
            if (Math.multiplyHigh(product, extent) != 0 || product * extent < 0) {
                throw new ShapeException("too many elements in " + Arrays.toString(extents));
            }
            product *= extent;
        }
        return new Shape(extents.clone());
    }

    /** Number of dimensions. */
    public int rank() {
        return extents.length;
    }

    /** Extent of one dimension; negative counts from the end. */
    public long dim(int axis) {
        return extents[axis < 0 ? extents.length + axis : axis];
    }

    /** Number of elements. */
    public long elements() {
        long product = 1;
        for (long extent : extents) {
            product *= extent;
        }
        return product;
    }

    /** Extents of a matrix view: all but the last dimension folded into rows. A vector is one row. */
    public long rows() {
        long product = 1;
        for (int axis = 0; axis < extents.length - 1; axis++) {
            product *= extents[axis];
        }
        return product;
    }

    /** A copy of the extents. */
    public long[] toArray() {
        return extents.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(extents, shape.extents);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(extents);
    }

    @Override
    public String toString() {
        return Arrays.stream(extents).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
    }
}
