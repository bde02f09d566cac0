// The services by the name of what they manage.
import { BuildService } from "./generated/mesh/builder/v1/build_service_pb.js";
import { ScanService } from "./generated/mesh/builder/v1/scan_service_pb.js";
import { SourceService } from "./generated/mesh/builder/v1/source_service_pb.js";
import { AdminService } from "./generated/mesh/controller/v1/admin_service_pb.js";
import { AppService } from "./generated/mesh/controller/v1/app_service_pb.js";
import { AuditService } from "./generated/mesh/controller/v1/audit_service_pb.js";
import { CertificateService } from "./generated/mesh/controller/v1/certificate_service_pb.js";
import { ConfigService } from "./generated/mesh/controller/v1/config_service_pb.js";
import { DeploymentService } from "./generated/mesh/controller/v1/deployment_service_pb.js";
import { DomainService } from "./generated/mesh/controller/v1/domain_service_pb.js";
import { EventService } from "./generated/mesh/controller/v1/event_service_pb.js";
import { HookService } from "./generated/mesh/controller/v1/hook_service_pb.js";
import { KeyService } from "./generated/mesh/controller/v1/key_service_pb.js";
import { MemberService } from "./generated/mesh/controller/v1/member_service_pb.js";
import { ReleaseService } from "./generated/mesh/controller/v1/release_service_pb.js";
import { TenantService } from "./generated/mesh/controller/v1/tenant_service_pb.js";
import { TokenService } from "./generated/mesh/controller/v1/token_service_pb.js";
import { AlertService } from "./generated/mesh/ingestion/v1/alert_service_pb.js";
import { QueryService } from "./generated/mesh/ingestion/v1/query_service_pb.js";
import { RetentionService } from "./generated/mesh/ingestion/v1/retention_service_pb.js";
import { ScanService as ImageScanService } from "./generated/mesh/ingestion/v1/scan_service_pb.js";
import { TargetService } from "./generated/mesh/ingestion/v1/target_service_pb.js";
import { TelemetryService } from "./generated/mesh/ingestion/v1/telemetry_service_pb.js";
import { BlobService } from "./generated/mesh/registry/v1/blob_service_pb.js";
import { ImageService } from "./generated/mesh/registry/v1/image_service_pb.js";
import { JobService } from "./generated/mesh/scheduler/v1/job_service_pb.js";
import { NodeService } from "./generated/mesh/scheduler/v1/node_service_pb.js";
import { WorkloadService } from "./generated/mesh/scheduler/v1/workload_service_pb.js";

/** Everything that people and their programs call. */
export const services = {
  tenants: TenantService, members: MemberService, tokens: TokenService, keys: KeyService, apps: AppService, config: ConfigService,
  releases: ReleaseService, deployments: DeploymentService, domains: DomainService, certificates: CertificateService, hooks: HookService,
  events: EventService, audit: AuditService, admin: AdminService,
  sources: SourceService, builds: BuildService, scans: ScanService,
  images: ImageService, blobs: BlobService,
  workloads: WorkloadService, nodes: NodeService, jobs: JobService,
  telemetry: TelemetryService, query: QueryService, targets: TargetService, alerts: AlertService,
  imageScans: ImageScanService, retention: RetentionService,
} as const;
