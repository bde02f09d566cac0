// The contract's enums are the domain's too: a second set would only be copied to and fro.
global using AllocationState = Mesh.Scheduler.V1.Allocation.Types.State;
global using Desired = Mesh.Scheduler.V1.Allocation.Types.Desired;
global using WorkloadState = Mesh.Scheduler.V1.Workload.Types.State;
global using NodeState = Mesh.Scheduler.V1.Node.Types.State;
global using JobState = Mesh.Scheduler.V1.Job.Types.State;
