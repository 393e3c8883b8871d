package io.safeprobe.engine.autograd;

import io.safeprobe.engine.kernel.Op;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which numbers the derivative of a recorded operation reads ({@link Derivatives}), once or again for the gradient of the gradient; what nobody reads can be given
 * back as soon as the pass forward has gone by. Whatever is not listed here reads all it has.
 */
final class Reads {
    private Reads() {}

    /** The inputs and outputs of {@code node} whose numbers must stay. */
    static List<Value> of(Node node) {
        List<Value> in = node.inputs();
        return switch (node.op()) {
            case Op.AddScaled _, Op.Scale _, Op.AddRow _, Op.SumRows _, Op.SumColumns _, Op.RepeatRows _, Op.RepeatColumns _, Op.Reshape _, Op.Slice _, Op.Pad _ -> List.of();
            case Op.Gather _, Op.ScatterAdd _, Op.SegmentSum _, Op.SegmentExpand _ -> List.of(in.get(1));
            case Op.MatMul _, Op.Mul _, Op.MulRow _, Op.MulColumn _ -> eachForTheOther(in.get(0), in.get(1));
            case Op.Rotary _ -> in.subList(1, 3);
            case Op.Apply _ -> in;
            case Op.Gate _ -> in.get(0).differentiable() ? in : in.subList(0, 1);
            case Op.RmsNorm _ -> in;
            case Op.LoraLinear _ -> lora(in, node.outputs().get(1));
            case Op.LogSoftmax _ -> node.outputs();
            case null, default -> all(node);
        };
    }

    private static List<Value> eachForTheOther(Value a, Value b) {
        List<Value> read = new ArrayList<>();
        if (a.differentiable()) {
            read.add(b);
        }
        if (b.differentiable()) {
            read.add(a);
        }
        return read;
    }

    /** Of {@code y = x W + s h B} with {@code h = z A}: weights for x and z, and what is multiplied by a weight that is trained. */
    private static List<Value> lora(List<Value> in, Value h) {
        int[] needed = IntStream.range(0, 5).filter(i -> in.get(i).differentiable()).flatMap(i -> switch (i) {
            case 0 -> IntStream.of(1);
            case 1 -> IntStream.of(0);
            case 2 -> IntStream.of(3, 4);
            case 3 -> IntStream.of(2, 4);
            default -> IntStream.of(5);
        }).toArray();
        return IntStream.of(needed).mapToObj(i -> i == 5 ? h : in.get(i)).toList();
    }

    private static List<Value> all(Node node) {
        List<Value> all = new ArrayList<>(node.inputs());
        all.addAll(node.outputs());
        return all;
    }
}
