global using AllocationState = Mesh.Scheduler.V1.Allocation.Types.State;
global using Desired = Mesh.Scheduler.V1.Allocation.Types.Desired;
global using WorkloadState = Mesh.Scheduler.V1.Workload.Types.State;
global using JobState = Mesh.Scheduler.V1.Job.Types.State;
