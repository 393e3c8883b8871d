package uk.ac.manchester.tornado.api;

import java.util.HashMap;
import java.util.Map;

/** The grids of a plan by the names of their tasks. */
public final class GridScheduler {
    private final Map<String, WorkerGrid1D> grids = new HashMap<>();

    public void addWorkerGrid(String task, WorkerGrid1D grid) {
        grids.put(task, grid);
    }

    WorkerGrid1D grid(String task) {
        WorkerGrid1D grid = grids.get(task);
        if (grid == null) {
            throw new IllegalStateException("task " + task + " has no grid; there are those of " + grids.keySet());
        }
        return grid;
    }
}
