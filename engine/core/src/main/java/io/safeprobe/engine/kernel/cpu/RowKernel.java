package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Operations on whole rows: one vector against every row, sums, selection. Threads share rows of the output (columns for the sum over
 * rows), so every number has one writer and its terms are added in a fixed order. Sums over rows run in blocks of {@value #BLOCK},
 * which keeps the rounding error of long sums small.
 */
final class RowKernel {
    private static final long GRAIN = 16_384;
    private static final long COLUMN_GRAIN = 64;
    private static final long BLOCK = 256;
    private static final int ROW_SLOT = 0;

    private final Workers workers;

    RowKernel(Workers workers) {
        this.workers = workers;
    }

    private void eachRow(Tensor shaped, Workers.Range range) {
        long width = shaped.shape().dim(-1);
        if (width > 0) {
            workers.ranges(shaped.elements() / width, Math.max(1, GRAIN / width), range);
        }
    }

    void addRow(Tensor x, Tensor v, Tensor y) {
        MemorySegment in = x.data();
        MemorySegment row = v.data();
        MemorySegment out = y.data();
        long width = y.shape().dim(-1);
        eachRow(y, (from, to, _) -> {
            for (long i = from; i < to; i++) {
                addRow(in, row, out, i * width, width);
            }
        });
    }

    private static void addRow(MemorySegment x, MemorySegment v, MemorySegment y, long at, long width) {
        long j = 0;
        for (; j + COUNT <= width; j += COUNT) {
            Lanes.store(Lanes.load(x, at + j).add(Lanes.load(v, j)), y, at + j);
        }
        for (; j < width; j++) {
            Lanes.set(y, at + j, Lanes.get(x, at + j) + Lanes.get(v, j));
        }
    }

    void mulRow(Tensor x, Tensor v, Tensor y) {
        MemorySegment in = x.data();
        MemorySegment row = v.data();
        MemorySegment out = y.data();
        long width = y.shape().dim(-1);
        eachRow(y, (from, to, _) -> {
            for (long i = from; i < to; i++) {
                mulRow(in, row, out, i * width, width);
            }
        });
    }

    private static void mulRow(MemorySegment x, MemorySegment v, MemorySegment y, long at, long width) {
        long j = 0;
        for (; j + COUNT <= width; j += COUNT) {
            Lanes.store(Lanes.load(x, at + j).mul(Lanes.load(v, j)), y, at + j);
        }
        for (; j < width; j++) {
            Lanes.set(y, at + j, Lanes.get(x, at + j) * Lanes.get(v, j));
        }
    }

    void mulColumn(Tensor x, Tensor c, Tensor y) {
        MemorySegment in = x.data();
        MemorySegment column = c.data();
        MemorySegment out = y.data();
        long width = y.shape().dim(-1);
        eachRow(y, (from, to, _) -> {
            for (long i = from; i < to; i++) {
                mulColumn(in, Lanes.get(column, i), out, i * width, width);
            }
        });
    }

    private static void mulColumn(MemorySegment x, float factor, MemorySegment y, long at, long width) {
        long j = 0;
        for (; j + COUNT <= width; j += COUNT) {
            Lanes.store(Lanes.load(x, at + j).mul(factor), y, at + j);
        }
        for (; j < width; j++) {
            Lanes.set(y, at + j, Lanes.get(x, at + j) * factor);
        }
    }

    void sumRows(Tensor x, Tensor y) {
        MemorySegment in = x.data();
        MemorySegment out = y.data();
        long width = y.elements();
        if (width == 0) {
            return;
        }
        long rows = x.elements() / width;
        long grain = Math.max(COLUMN_GRAIN, GRAIN / Math.max(1, rows) / COLUMN_GRAIN * COLUMN_GRAIN);
        workers.ranges(width, grain, (from, to, _) -> {
            for (long j = from; j < to; j += COUNT) {
                VectorMask<Float> mask = Lanes.tail(j, to);
                columnSum(in, j, rows, width, mask, out);
            }
        });
    }

    private static void columnSum(MemorySegment x, long column, long rows, long width, VectorMask<Float> mask, MemorySegment y) {
        FloatVector total = FloatVector.zero(S);
        for (long block = 0; block < rows; block += BLOCK) {
            FloatVector sum = FloatVector.zero(S);
            for (long i = block; i < Math.min(rows, block + BLOCK); i++) {
                sum = Lanes.load(x, i * width + column, mask).add(sum);
            }
            total = sum.add(total);
        }
        Lanes.store(total, y, column, mask);
    }

    void sumColumns(Tensor x, Tensor y) {
        MemorySegment in = x.data();
        MemorySegment out = y.data();
        long width = x.shape().dim(-1);
        if (width == 0) {
            out.fill((byte) 0);
            return;
        }
        eachRow(x, (from, to, _) -> {
            long quarter = (to - from) / 4;
            for (long i = from; i < from + quarter; i++) {
                fourRowSums(in, i, quarter, width, out);
            }
            for (long i = from + 4 * quarter; i < to; i++) {
                Lanes.set(out, i, rowSum(in, i * width, width));
            }
        });
    }

    /**
     * Sums of the rows i, i + step and so on, each as {@link #rowSum} has it. Some processors read ahead within a page only, and give a third more to several streams (measured
     * in C on an Intel Xeon: one a thread 15 to 22 GB/s, four 24 to 27, sixteen 26 to 28).
     */
    private static void fourRowSums(MemorySegment x, long i, long step, long width, MemorySegment y) {
        FloatVector even0 = FloatVector.zero(S);
        FloatVector even1 = even0;
        FloatVector even2 = even0;
        FloatVector even3 = even0;
        FloatVector odd0 = even0;
        FloatVector odd1 = even0;
        FloatVector odd2 = even0;
        FloatVector odd3 = even0;
        long row0 = i * width;
        long row1 = (i + step) * width;
        long row2 = (i + 2 * step) * width;
        long row3 = (i + 3 * step) * width;
        long j = 0;
        for (; j + 2L * COUNT <= width; j += 2L * COUNT) {
            even0 = Lanes.load(x, row0 + j).add(even0);
            even1 = Lanes.load(x, row1 + j).add(even1);
            even2 = Lanes.load(x, row2 + j).add(even2);
            even3 = Lanes.load(x, row3 + j).add(even3);
            odd0 = Lanes.load(x, row0 + j + COUNT).add(odd0);
            odd1 = Lanes.load(x, row1 + j + COUNT).add(odd1);
            odd2 = Lanes.load(x, row2 + j + COUNT).add(odd2);
            odd3 = Lanes.load(x, row3 + j + COUNT).add(odd3);
        }
        for (; j < width; j += COUNT) {
            VectorMask<Float> mask = Lanes.tail(j, width);
            even0 = Lanes.load(x, row0 + j, mask).add(even0);
            even1 = Lanes.load(x, row1 + j, mask).add(even1);
            even2 = Lanes.load(x, row2 + j, mask).add(even2);
            even3 = Lanes.load(x, row3 + j, mask).add(even3);
        }
        Lanes.set(y, i, Lanes.sum(even0.add(odd0)));
        Lanes.set(y, i + step, Lanes.sum(even1.add(odd1)));
        Lanes.set(y, i + 2 * step, Lanes.sum(even2.add(odd2)));
        Lanes.set(y, i + 3 * step, Lanes.sum(even3.add(odd3)));
    }

    private static float rowSum(MemorySegment x, long at, long width) {
        FloatVector even = FloatVector.zero(S);
        FloatVector odd = even;
        long j = 0;
        for (; j + 2L * COUNT <= width; j += 2L * COUNT) {
            even = Lanes.load(x, at + j).add(even);
            odd = Lanes.load(x, at + j + COUNT).add(odd);
        }
        for (; j < width; j += COUNT) {
            even = Lanes.load(x, at + j, Lanes.tail(j, width)).add(even);
        }
        return Lanes.sum(even.add(odd));
    }

    void repeatRows(Tensor v, Tensor y) {
        MemorySegment in = v.data();
        MemorySegment out = y.data();
        long bytes = v.byteSize();
        eachRow(y, (from, to, _) -> {
            for (long i = from; i < to; i++) {
                MemorySegment.copy(in, 0, out, i * bytes, bytes);
            }
        });
    }

    void repeatColumns(Tensor c, Tensor y) {
        MemorySegment in = c.data();
        MemorySegment out = y.data();
        long width = y.shape().dim(-1);
        eachRow(y, (from, to, _) -> {
            for (long i = from; i < to; i++) {
                fill(out, i * width, width, Lanes.get(in, i));
            }
        });
    }

    /** Sets {@code count} elements. */
    static void fill(MemorySegment y, long at, long count, float value) {
        FloatVector v = FloatVector.broadcast(S, value);
        long j = 0;
        for (; j + COUNT <= count; j += COUNT) {
            Lanes.store(v, y, at + j);
        }
        for (; j < count; j++) {
            Lanes.set(y, at + j, value);
        }
    }

    void slice(Op.Slice op, Tensor x, Tensor y) {
        MemorySegment in = x.data();
        MemorySegment out = y.data();
        long width = x.shape().dim(-1);
        long columns = op.columns();
        eachRow(y, (from, to, _) -> {
            for (long i = from; i < to; i++) {
                MemorySegment.copy(in, 4 * ((op.row() + i) * width + op.column()), out, 4 * i * columns, 4 * columns);
            }
        });
    }

    void pad(Op.Pad op, Tensor x, Tensor y) {
        MemorySegment in = x.data();
        MemorySegment out = y.data();
        long width = x.shape().dim(-1);
        long rows = x.shape().rows();
        long columns = op.columns();
        eachRow(y, (from, to, _) -> {
            out.asSlice(4 * from * columns, 4 * (to - from) * columns).fill((byte) 0);
            for (long i = Math.max(from, op.row()); i < Math.min(to, op.row() + rows); i++) {
                MemorySegment.copy(in, 4 * (i - op.row()) * width, out, 4 * (i * columns + op.column()), 4 * width);
            }
        });
    }

    void gather(Tensor table, Tensor ids, Tensor y) {
        MemorySegment in = table.data();
        MemorySegment index = ids.data();
        MemorySegment out = y.data();
        DType type = table.dtype();
        int width = Math.toIntExact(y.shape().dim(1));
        eachRow(y, (from, to, scratch) -> {
            float[] row = scratch.floats(ROW_SLOT, width);
            for (long i = from; i < to; i++) {
                Lanes.widen(type, in, (long) Lanes.getInt(index, i) * width, width, row, 0);
                MemorySegment.copy(row, 0, out, Lanes.F32, 4 * i * width, width);
            }
        });
    }

    /** Each task owns a range of target rows and walks all ids, so rows that meet at one target are added in their order. */
    void scatterAdd(Tensor rows, Tensor ids, Tensor y) {
        MemorySegment in = rows.data();
        MemorySegment index = ids.data();
        MemorySegment out = y.data();
        long count = ids.elements();
        long width = y.shape().dim(1);
        eachRow(y, (from, to, _) -> {
            out.asSlice(4 * from * width, 4 * (to - from) * width).fill((byte) 0);
            for (long i = 0; i < count; i++) {
                int target = Lanes.getInt(index, i);
                if (target >= from && target < to) {
                    add(in, i * width, out, target * width, width);
                }
            }
        });
    }

    private static void add(MemorySegment x, long from, MemorySegment y, long at, long width) {
        long j = 0;
        for (; j + COUNT <= width; j += COUNT) {
            Lanes.store(Lanes.load(y, at + j).add(Lanes.load(x, from + j)), y, at + j);
        }
        for (; j < width; j++) {
            Lanes.set(y, at + j, Lanes.get(y, at + j) + Lanes.get(x, from + j));
        }
    }
}
