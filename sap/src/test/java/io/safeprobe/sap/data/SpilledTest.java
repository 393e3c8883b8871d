package io.safeprobe.sap.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lists that are not on the heap, and files that would not fit on it. */
class SpilledTest {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    @TempDir
    Path dir;

    @Test
    void everyKindOfValueComesBackAsItWas() {
        Map<String, JsonNode> values = new LinkedHashMap<>();
        List<JsonNode> nodes = List.of(NODES.nullNode(), NODES.booleanNode(true), NODES.booleanNode(false), NODES.textNode(""), NODES.textNode("\u00e9\0\ud83d\ude80\ud800"),
                NODES.textNode("\u2581".repeat(50_000)), NODES.numberNode(-7), NODES.numberNode(1L << 40), NODES.numberNode(0.1f), NODES.numberNode(Double.NaN),
                NODES.numberNode(1e300), NODES.numberNode(BigInteger.TEN.pow(40)), NODES.numberNode(new BigDecimal("1.10")), NODES.binaryNode(new byte[] {1, -2}),
                NODES.arrayNode().add(1).add(NODES.objectNode().put("b", 2).put("a", "x")), NODES.objectNode());
        nodes.forEach(node -> values.put("column " + values.size(), node));
        Fields record = new Fields("shard, line 7", values);
        FieldsCodec codec = new FieldsCodec();

        Fields again = codec.value(codec.bytes(record));

        assertThat(again).isEqualTo(record);
        assertThat(again.values().keySet()).containsExactlyElementsOf(values.keySet());
        assertThat(again.values().values()).extracting(JsonNode::getClass).isEqualTo(nodes.stream().map(JsonNode::getClass).toList());
    }

    @Test
    void elementsComeInTheirOrderWhateverTheirSize() {
        List<Example> examples = IntStream.range(0, 3000).mapToObj(i -> {
            int[] ids = IntStream.range(0, i == 1500 ? 400_000 : 2 + i % 50).map(j -> (i + j) % 97).toArray();
            return new Example(ids, ids, 97);
        }).toList();
        List<Example> list = list(examples);

        assertThat(list).isEqualTo(examples);
        assertThat(list.subList(7, 9)).isEqualTo(examples.subList(7, 9));
        assertThatThrownBy(() -> list.get(3000)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    private static List<Example> list(List<Example> examples) {
        try (Spilled.Writer<Example> writer = new Spilled.Writer<>(new ExampleCodec())) {
            examples.forEach(writer::add);
            return writer.list();
        }
    }

    @Test
    void aPairComesBackAsItWas() {
        PairExample pair = new PairExample(new Example(new int[] {1, 2, 3}, new int[] {-100, -100, 3}, 9), new Example(new int[] {1, 4}, new int[] {1, 4}, 9));

        assertThat(ExampleCodec.PAIRS.value(ExampleCodec.PAIRS.bytes(pair))).isEqualTo(pair);
    }

    /** 10 MB of rows and 14 MB of tokens: on the heap they would be more than 40 MB. */
    @Test
    void neitherTheRowsOfAFileNorTheirTokensAreOnTheHeap() throws IOException {
        Path file = dir.resolve("large.jsonl");
        String ids = IntStream.range(0, 300).mapToObj(i -> Integer.toString(i % 97)).reduce((a, b) -> a + "," + b).orElseThrow();
        int rows = 6_000;
        try (Writer out = Files.newBufferedWriter(file)) {
            for (int i = 0; i < rows; i++) {
                out.write("{\"input_ids\":[" + i % 97 + "," + ids + "],\"labels\":[" + i % 97 + "," + ids + "]}\n");
            }
        }
        assertThat(Files.size(file)).isGreaterThan(9_000_000);
        long before = heap();
        TaskData data = TaskData.read(file, null, 0);
        Encoded<Example> encoded = data.encode(RowEncoder.unavailable("no text"), 512, 97);
        assertThat(heap() - before).isLessThan(2_000_000);
        assertThat(data.rows()).hasSize(rows);
        assertThat(encoded.examples()).hasSize(rows);
        assertThat(encoded.examples().get(5_999).ids()).startsWith(5_999 % 97, 0, 1, 2).hasSize(301);
        assertThat(encoded.report().tokens()).isEqualTo(new TokenCounts(rows, rows * 301L, rows * 300L, 301, 301, 301, 0));
    }

    /** What they hold of the heap is so little that it would not be collected for long, while their files fill the disk. */
    @Test
    void listsThatNobodyHoldsAreGivenBackBeforeMoreIsWritten() {
        WeakReference<List<Integer>> abandoned = new WeakReference<>(numbers(65));

        assertThat(numbers(1)).containsExactly(0);

        assertThat(abandoned.get()).isNull();
    }

    /** Numbers from 0 on, each kept in 1 MB. */
    private static List<Integer> numbers(int count) {
        byte[] bytes = new byte[1 << 20];
        Spilled.Codec<Integer> codec = new Spilled.Codec<>() {
            @Override
            public byte[] bytes(Integer value) {
                bytes[0] = value.byteValue();
                return bytes;
            }

            @Override
            public Integer value(byte[] kept) {
                return (int) kept[0];
            }
        };
        try (Spilled.Writer<Integer> writer = new Spilled.Writer<>(codec)) {
            IntStream.range(0, count).forEach(writer::add);
            return writer.list();
        }
    }

    private static long heap() {
        long used = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            used = Math.min(used, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        return used;
    }
}
