package io.safeprobe.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Sliding windows of the layers as Qwen's configurations give them. */
final class SlidingLayers {
    private SlidingLayers() {}

    /** Window of each layer, 0 for none: by {@code layer_types} where it is there, else in the layers from {@code max_window_layers} on. */
    static List<Integer> read(ConfigKeys keys) {
        int layers = keys.number("num_hidden_layers");
        boolean sliding = keys.flag("use_sliding_window", false);
        int size = keys.number("sliding_window", keys.has("sliding_window") ? 0 : 4096);
        int window = sliding ? size : 0;
        JsonNode upper = keys.get("max_window_layers");
        int from = window == 0 ? layers : upper.asInt(28);
        JsonNode types = keys.get("layer_types");
        List<Integer> windows = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            boolean listed = types.isArray() && !types.isEmpty();
            windows.add(listed ? listed(types, layer, layers, window) : layer >= from ? window : 0);
        }
        return windows;
    }

    private static int listed(JsonNode types, int layer, int layers, int window) {
        String type = types.path(layer).asText("");
        boolean slides = type.equals("sliding_attention");
        boolean known = slides ? window > 0 : type.equals("full_attention");
        if (!known || types.size() != layers) {
            throw new ModelException("config.json: layer_types " + types + " do not fit: each of the " + layers
                    + " layers must be full_attention, or sliding_attention where use_sliding_window is true and there is a sliding_window");
        }
        return slides ? window : 0;
    }
}
