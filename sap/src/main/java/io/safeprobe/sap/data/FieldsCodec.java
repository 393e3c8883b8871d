package io.safeprobe.sap.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.Map;

/** Records as bytes. Not as JSON: that would lose what is bytes rather than text, a decimal's digits and half a surrogate pair. */
final class FieldsCodec implements Spilled.Codec<Fields> {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    /** Characters that writeUTF, which takes at most 65,535 bytes, has room for whatever they are. */
    private static final int PIECE = 20_000;

    @Override
    public byte[] bytes(Fields record) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            text(out, record.place());
            out.writeInt(record.values().size());
            for (Map.Entry<String, JsonNode> item : record.values().entrySet()) {
                text(out, item.getKey());
                node(out, item.getValue());
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    @Override
    public Fields value(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            String place = text(in);
            Map<String, JsonNode> values = new LinkedHashMap<>();
            for (int left = in.readInt(); left > 0; left--) {
                values.put(text(in), node(in));
            }
            return new Fields(place, values);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    private static void node(DataOutputStream out, JsonNode node) throws IOException {
        switch (node.getNodeType()) {
            case NULL, MISSING -> out.writeByte('0');
            case BOOLEAN -> out.writeByte(node.asBoolean() ? 't' : 'f');
            case STRING -> {
                out.writeByte('s');
                text(out, node.textValue());
            }
            case BINARY -> {
                out.writeByte('b');
                out.writeInt(node.binaryValue().length);
                out.write(node.binaryValue());
            }
            case ARRAY -> {
                out.writeByte('a');
                out.writeInt(node.size());
                for (JsonNode item : node) {
                    node(out, item);
                }
            }
            case OBJECT -> {
                out.writeByte('o');
                out.writeInt(node.size());
                for (Map.Entry<String, JsonNode> item : node.properties()) {
                    text(out, item.getKey());
                    node(out, item.getValue());
                }
            }
            case NUMBER -> number(out, node);
            case POJO -> throw new IllegalStateException("no reader makes a value like " + node);
        }
    }

    private static void number(DataOutputStream out, JsonNode node) throws IOException {
        switch (node.numberType()) {
            case INT -> {
                out.writeByte('i');
                out.writeInt(node.intValue());
            }
            case LONG -> {
                out.writeByte('l');
                out.writeLong(node.longValue());
            }
            case FLOAT -> {
                out.writeByte('r');
                out.writeFloat(node.floatValue());
            }
            case DOUBLE -> {
                out.writeByte('d');
                out.writeDouble(node.doubleValue());
            }
            case BIG_INTEGER -> {
                out.writeByte('I');
                text(out, node.bigIntegerValue().toString());
            }
            case BIG_DECIMAL -> {
                out.writeByte('D');
                text(out, node.decimalValue().toString());
            }
        }
    }

    private static JsonNode node(DataInputStream in) throws IOException {
        byte kind = in.readByte();
        return switch (kind) {
            case '0' -> NODES.nullNode();
            case 't' -> NODES.booleanNode(true);
            case 'f' -> NODES.booleanNode(false);
            case 's' -> NODES.textNode(text(in));
            case 'b' -> NODES.binaryNode(in.readNBytes(in.readInt()));
            case 'i' -> NODES.numberNode(in.readInt());
            case 'l' -> NODES.numberNode(in.readLong());
            case 'r' -> NODES.numberNode(in.readFloat());
            case 'd' -> NODES.numberNode(in.readDouble());
            case 'I' -> NODES.numberNode(new BigInteger(text(in)));
            case 'D' -> NODES.numberNode(new BigDecimal(text(in)));
            case 'a' -> {
                ArrayNode array = NODES.arrayNode();
                for (int left = in.readInt(); left > 0; left--) {
                    array.add(node(in));
                }
                yield array;
            }
            case 'o' -> {
                ObjectNode object = NODES.objectNode();
                for (int left = in.readInt(); left > 0; left--) {
                    object.set(text(in), node(in));
                }
                yield object;
            }
            default -> throw new IllegalStateException("a record was kept with the unknown kind " + kind);
        };
    }

    private static void text(DataOutputStream out, String text) throws IOException {
        out.writeInt(Math.ceilDiv(text.length(), PIECE));
        for (int from = 0; from < text.length(); from += PIECE) {
            out.writeUTF(text.substring(from, Math.min(text.length(), from + PIECE)));
        }
    }

    private static String text(DataInputStream in) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int left = in.readInt(); left > 0; left--) {
            text.append(in.readUTF());
        }
        return text.toString();
    }
}
