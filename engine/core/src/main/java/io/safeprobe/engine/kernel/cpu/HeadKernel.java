package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.GemmTile.A_STRIDE;
import static io.safeprobe.engine.kernel.cpu.GemmTile.COLUMNS;
import static io.safeprobe.engine.kernel.cpu.GemmTile.ROWS;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;

/**
 * Cross-entropy of a linear head without its logits: attention over the vocabulary, in which tokens are the queries and rows of the
 * head both keys and values. The vocabulary passes by in blocks; of each token only the running maximum, the running sum of
 * exponentials and, where the gradient is wanted, the running mix of head rows are kept, scaled anew when the maximum grows (the
 * online softmax, arXiv 1805.02867). So the largest temporary is one block for one panel of tokens, and the head is read once.
 *
 * <p>Logits of a panel are kept {@code [block, tokens]}, which is packed B: they feed the second product as they are. The target is
 * left out of sum and mix. With z the log-odds of all other tokens against it, the loss is {@code log(1 + e^z)} and the gradient to
 * the hidden row {@code sigmoid(z) (mean of the other rows - row of the target)}: nothing cancels when the model is sure. Where logits
 * are capped, they are so before anything else, and rows come into mix and gradient times the slope of the cap at their logit.
 *
 * <p>Threads take panels of tokens, and once none is left pack the next block while others still compute. The second product reads the head as it lies: packed for it too, by
 * columns, it took 3 % longer at width 288 and a tenth longer where two cores have no cache in common, as long at 2048, and 3 % less at 4096. Tried: logits written to memory and two passes
 * over them, which took longer than the products where memory gives 10 GB/s.
 */
final class HeadKernel {
    /** Numbers of the head in a block: as they lie and packed, with the logits of a panel, they stay in the second-level cache. */
    private static final int BLOCK = 100_000;
    private static final int LEAST_ROWS = 8 * ROWS;
    private static final int MOST_ROWS = 80 * ROWS;
    private static final int PACK_ROWS = 8 * ROWS;
    private static final int LOGIT_SLOT = 0;
    private static final int ROW_SLOT = 3;

    private final Workers workers;
    private final NativeFloats hiddenPanels = new NativeFloats();
    private final NativeFloats mixes = new NativeFloats();
    private final NativeFloats headRows = new NativeFloats();
    private final NativeFloats widened = new NativeFloats();

    /** What is known of each token's softmax so far, one number a token. */
    private static final class Softmax {
        private final float[] max;
        private final float[] sum;
        private final float[] targetLogit;

        Softmax(int tokens) {
            max = new float[tokens];
            sum = new float[tokens];
            targetLogit = new float[tokens];
            Arrays.fill(max, -Float.MAX_VALUE);
        }
    }

    /**
     * One call. {@code each} tokens make a panel. The head is packed by rows as A operand of the first product, with room for two blocks; that of the second is its transpose,
     * so the rows as they lie. {@code widened} holds them where they do not: rows of 16-bit numbers, and those at the end of the head, behind which there is nothing to read.
     */
    private record Call(
            Matrix head, int vocabulary, int width, int tokens, int each, int blockRows, boolean pull, float softcap, MemorySegment targets,
            MemorySegment hidden, MemorySegment headRows, MemorySegment widened, MemorySegment mix, Softmax softmax) {
        /** Where a block begins in {@code headRows}. */
        long rowsAt(int block) {
            return block % 2 * ((long) blockRows / ROWS * A_STRIDE * width);
        }

        /** Whether the second product can read the rows of a block where they lie, up to a whole panel of columns. */
        boolean lies(int block) {
            long last = (long) block * blockRows + rowsOf(block) - 1;
            return head.type() == DType.F32 && head.index(last, (long) widthPanels() * ROWS) <= head.data().byteSize() / 4;
        }

        /** The rows of a block in F32. */
        Matrix rows(int block) {
            return lies(block) ? head.from((long) block * blockRows, 0) : new Matrix(widened, DType.F32, block % 2 * roomOf(blockRows, width), width);
        }

        /** Floats of the widened rows of a block, the last of which is read up to a whole panel of columns. */
        static long roomOf(int blockRows, int width) {
            return (long) blockRows * width + COLUMNS;
        }

        int tokensOf(int panel) {
            return Math.min(each, tokens - panel * each);
        }

        int blocks() {
            return (vocabulary + blockRows - 1) / blockRows;
        }

        int rowsOf(int block) {
            return Math.min(blockRows, vocabulary - block * blockRows);
        }

        int widthPanels() {
            return (width + ROWS - 1) / ROWS;
        }

        /** Where the mix {@code [width, COLUMNS]} of a panel of tokens begins. */
        long mixOf(int panel) {
            return (long) panel * widthPanels() * GemmTile.FLOATS;
        }
    }

    HeadKernel(Workers workers) {
        this.workers = workers;
    }

    /** Losses {@code [tokens]} of logits capped at {@code softcap}, which is 0 for none, and, unless {@code pull} is null, their gradients to the rows of {@code x}. */
    void crossEntropy(float softcap, Tensor x, Tensor head, Tensor targets, Tensor losses, @Nullable Tensor pull) {
        int tokens = Math.toIntExact(x.shape().rows());
        if (tokens == 0) {
            return;
        }
        int width = Math.toIntExact(head.shape().dim(1));
        int each = tokens > (long) COLUMNS * (workers.count() - 1) ? COLUMNS : 2 * COUNT;
        int panels = (tokens + each - 1) / each;
        int widthPanels = (width + ROWS - 1) / ROWS;
        int blockRows = Math.clamp((long) BLOCK / width / ROWS * ROWS, LEAST_ROWS, MOST_ROWS);
        Call call = new Call(
                Matrix.of(head), Math.toIntExact(head.shape().dim(0)), width, tokens, each, blockRows, pull != null, softcap, targets.data(),
                hiddenPanels.room((long) panels * COLUMNS * width),
                headRows.room(2L * (blockRows / ROWS) * A_STRIDE * width),
                widened.room(2 * Call.roomOf(blockRows, width)),
                mixes.room(pull == null ? 0 : (long) panels * widthPanels * GemmTile.FLOATS),
                new Softmax(panels * COLUMNS));
        Matrix hidden = new Matrix(x.data(), DType.F32, 0, width);
        int first = packTasks(call, 0);
        workers.run(first + panels, (part, scratch) -> {
            if (part < first) {
                pack(call, 0, part);
            } else {
                packHidden(call, hidden, part - first, scratch);
            }
        });
        for (int block = 0; block < call.blocks(); block++) {
            int current = block;
            int next = block + 1 < call.blocks() ? packTasks(call, block + 1) : 0;
            workers.run(panels, next, (part, scratch) -> {
                if (part < panels) {
                    compute(call, current, part, scratch);
                } else {
                    pack(call, current + 1, part - panels);
                }
            });
        }
        workers.run(panels, (part, scratch) -> finish(call, part, losses.data(), pull, scratch));
    }

    private static int packTasks(Call call, int block) {
        return (call.rowsOf(block) + PACK_ROWS - 1) / PACK_ROWS;
    }

    /** Rows {@code [PACK_ROWS part, ..)} of a block. */
    private static void pack(Call call, int block, int part) {
        int from = part * PACK_ROWS;
        int rows = Math.min(PACK_ROWS, call.rowsOf(block) - from);
        int width = call.width;
        Matrix source = call.rows(block).from(from, 0);
        if (!call.lies(block)) {
            Panels.copy(call.head.from((long) block * call.blockRows + from, 0), rows, width, source.data(), source.index(0, 0), width);
        }
        for (int r = 0; r < rows; r += ROWS) {
            long at = call.rowsAt(block) + (from + r) / ROWS * (long) A_STRIDE * width;
            Panels.packRowsOfA(source.from(r, 0), Math.min(ROWS, rows - r), width, call.headRows, at);
        }
    }

    private static void packHidden(Call call, Matrix hidden, int panel, Scratch scratch) {
        long at = (long) panel * COLUMNS * call.width;
        int tokens = call.tokensOf(panel);
        if (tokens < COLUMNS) {
            call.hidden.asSlice(4 * at, 4L * COLUMNS * call.width).fill((byte) 0);
        }
        Panels.packRowsOfB(hidden.from((long) panel * call.each, 0), tokens, call.width, call.hidden, at, scratch);
        if (call.pull) {
            call.mix.asSlice(4 * call.mixOf(panel), 4L * call.widthPanels() * GemmTile.FLOATS).fill((byte) 0);
        }
    }

    /** One block of the vocabulary for one panel of tokens. */
    private static void compute(Call call, int block, int panel, Scratch scratch) {
        int rows = call.rowsOf(block);
        int tokens = call.tokensOf(panel);
        MemorySegment logits = scratch.nativeFloats(LOGIT_SLOT, (long) call.blockRows * COLUMNS);
        for (int r = 0; r < rows; r += ROWS) {
            long a = call.rowsAt(block) + r / ROWS * (long) A_STRIDE * call.width;
            GemmTile.multiply(
                    call.width, call.headRows, a, A_STRIDE, call.hidden, (long) panel * COLUMNS * call.width, COLUMNS, tokens, logits, (long) r * COLUMNS, COLUMNS);
        }
        for (int column = 0; call.softcap != 0 && column < tokens; column += COUNT) {
            cap(logits, column, rows, call.softcap);
        }
        takeTargets(call, block, panel, logits);
        boolean sloped = call.softcap != 0 && call.pull;
        for (int column = 0; column < tokens; column += COUNT) {
            int at = panel * COLUMNS + column;
            FloatVector before = FloatVector.fromArray(S, call.softmax.max, at);
            raiseMax(logits, column, rows, call.softmax.max, at);
            FloatVector max = FloatVector.fromArray(S, call.softmax.max, at);
            FloatVector shrink = Exp.of(before.sub(max));
            FloatVector.fromArray(S, call.softmax.sum, at).mul(shrink).intoArray(call.softmax.sum, at);
            if (sloped) {
                slopedExponentials(logits, column, rows, max, 1 / call.softcap, call.softmax.sum, at);
            } else {
                exponentials(logits, column, rows, max, call.softmax.sum, at);
            }
            if (call.pull && max.compare(VectorOperators.NE, before).anyTrue()) {
                ScorePanel.scaleColumn(call.mix, call.mixOf(panel) + column, call.width, shrink);
            }
        }
        if (call.pull) {
            addMix(call, block, rows, panel, tokens, logits, scratch);
        }
    }

    /** Keeps the logits of the targets in this block, and takes them out of sum and mix: their exponential becomes 0. */
    private static void takeTargets(Call call, int block, int panel, MemorySegment logits) {
        int from = block * call.blockRows;
        int to = from + call.rowsOf(block);
        for (int c = 0; c < call.tokensOf(panel); c++) {
            int target = Lanes.getInt(call.targets, (long) panel * call.each + c);
            if (target >= from && target < to) {
                long at = (long) (target - from) * COLUMNS + c;
                call.softmax.targetLogit[panel * COLUMNS + c] = Lanes.get(logits, at);
                Lanes.set(logits, at, Float.NEGATIVE_INFINITY);
            }
        }
    }

    private static void cap(MemorySegment logits, int column, int rows, float cap) {
        FloatVector inverse = FloatVector.broadcast(S, 1 / cap);
        FloatVector factor = FloatVector.broadcast(S, cap);
        for (int r = 0; r < rows; r++) {
            long at = (long) r * COLUMNS + column;
            Lanes.store(Tanh.of(Lanes.load(logits, at).mul(inverse)).mul(factor), logits, at);
        }
    }

    private static void raiseMax(MemorySegment logits, int column, int rows, float[] maxima, int to) {
        FloatVector max = FloatVector.fromArray(S, maxima, to);
        for (int r = 0; r < rows; r++) {
            max = Lanes.larger(max, Lanes.load(logits, (long) r * COLUMNS + column));
        }
        max.intoArray(maxima, to);
    }

    private static void exponentials(MemorySegment logits, int column, int rows, FloatVector max, float[] sums, int to) {
        FloatVector sum = FloatVector.zero(S);
        for (int r = 0; r < rows; r++) {
            long at = (long) r * COLUMNS + column;
            FloatVector e = Exp.of(Lanes.load(logits, at).sub(max));
            Lanes.store(e, logits, at);
            sum = e.add(sum);
        }
        FloatVector.fromArray(S, sums, to).add(sum).intoArray(sums, to);
    }

    /** As {@link #exponentials}, but what is stored for the mix has the slope of the cap as a factor. */
    private static void slopedExponentials(MemorySegment logits, int column, int rows, FloatVector max, float inverse, float[] sums, int to) {
        FloatVector sum = FloatVector.zero(S);
        FloatVector factor = FloatVector.broadcast(S, inverse);
        for (int r = 0; r < rows; r++) {
            long at = (long) r * COLUMNS + column;
            FloatVector logit = Lanes.load(logits, at);
            FloatVector e = Exp.of(logit.sub(max));
            Lanes.store(e.mul(Tanh.slope(logit.mul(factor))), logits, at);
            sum = e.add(sum);
        }
        FloatVector.fromArray(S, sums, to).add(sum).intoArray(sums, to);
    }

    private static void addMix(Call call, int block, int rows, int panel, int tokens, MemorySegment weights, Scratch scratch) {
        Matrix head = call.rows(block);
        for (int p = 0; p < call.widthPanels(); p++) {
            GemmTile.multiplyExactly(
                    rows, head.data(), head.index(0, (long) p * ROWS), head.stride(), weights, 0, COLUMNS, ROWS, tokens,
                    call.mix, call.mixOf(panel) + (long) p * GemmTile.FLOATS, COLUMNS, true, scratch);
        }
    }

    private static void finish(Call call, int panel, MemorySegment losses, @Nullable Tensor pull, Scratch scratch) {
        int tokens = call.tokensOf(panel);
        long first = (long) panel * call.each;
        if (pull != null) {
            Matrix mix = new Matrix(call.mix, DType.F32, call.mixOf(panel), COLUMNS);
            Panels.transpose(mix, call.width, tokens, pull.data(), first * call.width, call.width, scratch);
        }
        for (int c = 0; c < tokens; c++) {
            int at = panel * COLUMNS + c;
            double logOdds = Math.log(call.softmax.sum[at]) + call.softmax.max[at] - call.softmax.targetLogit[at];
            Lanes.set(losses, first + c, (float) (Math.max(0, logOdds) + Math.log1p(Math.exp(-Math.abs(logOdds)))));
            if (pull != null) {
                double others = 1 / (1 + Math.exp(-logOdds));
                float[] row = scratch.floats(ROW_SLOT, call.width);
                int target = Lanes.getInt(call.targets, first + c);
                Lanes.widen(call.head.type(), call.head.data(), call.head.index(target, 0), call.width, row, 0);
                // Where no other token has any weight, there is no mean, and nothing pulls.
                float scale = call.softmax.sum[at] == 0 ? 0 : (float) (others / call.softmax.sum[at]);
                double t = call.softcap == 0 ? 0 : call.softmax.targetLogit[at] / call.softcap;
                float own = (float) (others * Math.max(0, 1 - t * t));
                subtract(pull.data(), (first + c) * call.width, scale, row, own, call.width);
            }
        }
    }

    /** {@code y = a y - b x}. */
    private static void subtract(MemorySegment y, long at, float a, float[] x, float b, int count) {
        int whole = S.loopBound(count);
        for (int i = 0; i < whole; i += COUNT) {
            Lanes.store(Lanes.load(y, at + i).mul(a).sub(FloatVector.fromArray(S, x, i).mul(b)), y, at + i);
        }
        for (int i = whole; i < count; i++) {
            Lanes.set(y, at + i, a * Lanes.get(y, at + i) - b * x[i]);
        }
    }
}
