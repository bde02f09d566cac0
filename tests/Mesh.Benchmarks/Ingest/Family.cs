namespace Mesh.Benchmarks.Ingest;

/// <summary>How the values of a series go on from scrape to scrape.</summary>
internal enum Shape
{
    /// <summary>Always the same.</summary>
    Constant,

    /// <summary>A whole number that grows: bytes, packets, operations. Busy by its rate.</summary>
    Counter,

    /// <summary>Seconds with two decimals, or three, that grow.</summary>
    Seconds,

    /// <summary>Bytes in pages of 4 KiB that go up and down.</summary>
    Pages,

    /// <summary>A small whole number that goes up and down.</summary>
    Few,

    /// <summary>A number with two decimals that goes up and down.</summary>
    Decimal,

    /// <summary>How long something took, in seconds with nine decimals.</summary>
    Duration,
}

/// <summary>One metric of an exporter: its label sets and how its values go.</summary>
/// <param name="Metric">Its name.</param>
/// <param name="Shape">How its values go.</param>
/// <param name="Rate">How much they move in a scrape.</param>
/// <param name="Labels">The labels of each series beside job and instance, as `name=value`, comma between two.</param>
internal sealed record Family(string Metric, Shape Shape, double Rate, params string[] Labels)
{
    private static readonly string[] s_modes = ["idle", "user", "system", "iowait", "irq", "nice", "softirq", "steal"];
    private static readonly string[] s_busy = ["eth0"], s_quiet = ["eth1", "lo"], s_disks = ["sda", "sdb", "dm-0"];
    private static readonly string[] s_mounts = ["ext4:/", "ext4:/var", "vfat:/boot", "tmpfs:/run", "ext4:/data"];

    private static readonly string[] s_collectors =
    [
        "arp", "bcache", "bonding", "btrfs", "conntrack", "cpu", "cpufreq", "diskstats", "dmi", "edac", "entropy", "fibrechannel", "filefd",
        "filesystem", "hwmon", "infiniband", "ipvs", "loadavg", "mdadm", "meminfo", "netclass", "netdev", "netstat", "nfs", "nfsd", "nvme",
        "os", "powersupplyclass", "pressure", "rapl", "schedstat", "selinux", "sockstat", "softnet", "stat", "tapestats", "textfile",
        "thermal_zone", "time", "timex", "udp_queues", "uname", "vmstat", "xfs", "zfs",
    ];

    /// <summary>What one host tells: 478 series, of which about two fifths never change, as on a real one.</summary>
    public static IReadOnlyList<Family> Host { get; } = [.. All()];

    private static IEnumerable<Family> All()
    {
        yield return new("node_cpu_seconds_total", Shape.Seconds, 12, Each(8, cpu => $"cpu={cpu},mode=idle"));
        yield return new("node_cpu_seconds_total", Shape.Seconds, 0.8, Each(8, cpu => $"cpu={cpu},mode=user"));
        yield return new("node_cpu_seconds_total", Shape.Seconds, 0.4, Each(8, cpu => $"cpu={cpu},mode=system"));
        yield return new("node_cpu_seconds_total", Shape.Seconds, 0.03, Each(16, i => $"cpu={i / 2},mode={s_modes[3 + i % 2 * 3]}"));
        yield return new("node_cpu_seconds_total", Shape.Constant, 0, Each(24, i => $"cpu={i / 3},mode={s_modes[i % 3 == 0 ? 4 : i % 3 == 1 ? 5 : 7]}"));
        yield return new("node_cpu_guest_seconds_total", Shape.Constant, 0, Each(16, i => $"cpu={i / 2},mode={(i % 2 == 0 ? "user" : "nice")}"));
        yield return new("node_schedstat_running_seconds_total", Shape.Duration, 1, Each(8, cpu => $"cpu={cpu}"));
        yield return new("node_schedstat_timeslices_total", Shape.Counter, 5000, Each(8, cpu => $"cpu={cpu}"));
        yield return new("node_softnet_processed_total", Shape.Counter, 900, Each(8, cpu => $"cpu={cpu}"));
        yield return new("node_softnet_dropped_total", Shape.Constant, 0, Each(8, cpu => $"cpu={cpu}"));
        foreach (var metric in new[] { "reads_completed", "read_bytes", "writes_completed", "written_bytes", "io_now", "reads_merged", "writes_merged" })
            yield return new($"node_disk_{metric}_total", Shape.Counter, metric.EndsWith("bytes", StringComparison.Ordinal) ? 900_000 : 120, Each(3, i => "device=" + s_disks[i]));
        foreach (var metric in new[] { "read_time", "write_time", "io_time", "io_time_weighted" })
            yield return new($"node_disk_{metric}_seconds_total", Shape.Seconds, 0.2, Each(3, i => "device=" + s_disks[i]));
        foreach (var metric in new[] { "discards_completed", "discarded_sectors", "flush_requests" })
            yield return new($"node_disk_{metric}_total", Shape.Constant, 0, Each(3, i => "device=" + s_disks[i]));
        foreach (var way in new[] { "receive", "transmit" })
        {
            yield return new($"node_network_{way}_bytes_total", Shape.Counter, 3_000_000, [.. s_busy.Select(d => "device=" + d)]);
            yield return new($"node_network_{way}_packets_total", Shape.Counter, 4_000, [.. s_busy.Select(d => "device=" + d)]);
            yield return new($"node_network_{way}_bytes_total", Shape.Counter, 900, [.. s_quiet.Select(d => "device=" + d)]);
            yield return new($"node_network_{way}_packets_total", Shape.Counter, 9, [.. s_quiet.Select(d => "device=" + d)]);
            foreach (var fault in new[] { "errs", "drop", "fifo", "compressed" })
                yield return new($"node_network_{way}_{fault}_total", Shape.Constant, 0, [.. s_busy.Concat(s_quiet).Select(d => "device=" + d)]);
        }

        foreach (var info in new[] { "up", "mtu_bytes", "speed_bytes", "carrier", "iface_id", "flags", "carrier_changes_total" })
            yield return new("node_network_" + info, Shape.Constant, 1500, [.. s_busy.Concat(s_quiet).Select(d => "device=" + d)]);
        foreach (var metric in new[] { "avail", "free" })
            yield return new($"node_filesystem_{metric}_bytes", Shape.Pages, 60, [.. s_mounts.Select(Mount)]);
        yield return new("node_filesystem_files_free", Shape.Few, 3, [.. s_mounts.Select(Mount)]);
        foreach (var metric in new[] { "size_bytes", "files", "readonly", "device_error" })
            yield return new("node_filesystem_" + metric, Shape.Constant, 4_294_967_296, [.. s_mounts.Select(Mount)]);
        foreach (var metric in new[]
            { "MemFree", "MemAvailable", "Buffers", "Cached", "Active", "Inactive", "Active_anon", "Active_file", "Inactive_file", "Dirty", "Writeback",
              "AnonPages", "Mapped", "Shmem", "Slab", "SReclaimable", "KernelStack", "PageTables", "Committed_AS", "Percpu" })
            yield return new($"node_memory_{metric}_bytes", Shape.Pages, 400, "");
        foreach (var metric in new[]
            { "MemTotal", "SwapTotal", "SwapFree", "Unevictable", "Mlocked", "NFS_Unstable", "Bounce", "CommitLimit", "VmallocTotal", "VmallocChunk",
              "HardwareCorrupted", "HugePages_Total", "HugePages_Free", "HugePages_Rsvd", "Hugepagesize", "DirectMap4k", "DirectMap2M", "DirectMap1G" })
            yield return new($"node_memory_{metric}_bytes", Shape.Constant, 16_777_216_000, "");
        foreach (var metric in new[]
            { "Ip_Forwarding", "IpExt_InOctets", "IpExt_OutOctets", "Tcp_InSegs", "Tcp_OutSegs", "Tcp_ActiveOpens", "Tcp_PassiveOpens", "Udp_InDatagrams",
              "Udp_OutDatagrams", "Icmp_InMsgs", "TcpExt_TCPDelivered", "Tcp_RetransSegs" })
            yield return new("node_netstat_" + metric, Shape.Counter, 2_500, "");
        foreach (var metric in new[]
            { "Icmp6_InErrors", "Icmp_InErrors", "Ip6_InOctets", "Tcp_InErrs", "TcpExt_ListenDrops", "TcpExt_ListenOverflows", "TcpExt_SyncookiesFailed",
              "TcpExt_SyncookiesRecv", "TcpExt_SyncookiesSent", "Udp6_InErrors", "Udp_NoPorts", "UdpLite_InErrors" })
            yield return new("node_netstat_" + metric, Shape.Constant, 0, "");
        foreach (var metric in new[] { "TCP_alloc", "TCP_inuse", "TCP_mem", "UDP_inuse", "sockets_used", "TCP_tw" })
            yield return new("node_sockstat_" + metric, Shape.Few, 2, "");
        foreach (var metric in new[] { "pgfault", "pgmajfault", "pgpgin", "pgpgout" })
            yield return new("node_vmstat_" + metric, Shape.Counter, 8_000, "");
        foreach (var metric in new[] { "pswpin", "pswpout", "oom_kill" })
            yield return new("node_vmstat_" + metric, Shape.Constant, 0, "");
        foreach (var metric in new[] { "node_load1", "node_load5", "node_load15" })
            yield return new(metric, Shape.Decimal, 0.05, "");
        foreach (var metric in new[] { "node_context_switches_total", "node_intr_total", "node_forks_total" })
            yield return new(metric, Shape.Counter, 60_000, "");
        foreach (var metric in new[] { "node_procs_running", "node_procs_blocked", "node_entropy_available_bits", "node_filefd_allocated", "go_goroutines", "go_threads", "process_open_fds" })
            yield return new(metric, Shape.Few, 2, "");
        foreach (var metric in new[] { "node_boot_time_seconds", "node_uname_info", "node_os_info", "node_exporter_build_info", "process_start_time_seconds", "process_max_fds", "go_info", "up" })
            yield return new(metric, Shape.Constant, 1, "");
        yield return new("node_hwmon_temp_celsius", Shape.Few, 1, Each(10, i => $"chip=platform_coretemp_0,sensor=temp{i}"));
        foreach (var metric in new[] { "max", "crit" })
            yield return new($"node_hwmon_temp_{metric}_celsius", Shape.Constant, 100, Each(10, i => $"chip=platform_coretemp_0,sensor=temp{i}"));
        foreach (var what in new[] { "cpu_waiting", "io_waiting", "io_stalled", "memory_waiting", "memory_stalled" })
            yield return new($"node_pressure_{what}_seconds_total", Shape.Duration, 0.02, "");
        yield return new("node_scrape_collector_duration_seconds", Shape.Duration, 0, [.. s_collectors.Select(c => "collector=" + c)]);
        yield return new("node_scrape_collector_success", Shape.Constant, 1, [.. s_collectors.Select(c => "collector=" + c)]);
        foreach (var metric in new[] { "alloc_bytes", "heap_inuse_bytes", "heap_idle_bytes", "heap_objects", "next_gc_bytes", "stack_inuse_bytes" })
            yield return new("go_memstats_" + metric, Shape.Pages, 50, "");
        foreach (var metric in new[] { "alloc_bytes_total", "mallocs_total", "frees_total" })
            yield return new("go_memstats_" + metric, Shape.Counter, 90_000, "");
        yield return new("scrape_duration_seconds", Shape.Duration, 0, "");
        yield return new("scrape_samples_scraped", Shape.Constant, 1, "");
    }

    private static string[] Each(int count, Func<int, string> labels) => [.. Enumerable.Range(0, count).Select(labels)];

    private static string Mount(string mount) =>
        $"device=/dev/mapper/vg-{mount.Length},fstype={mount.Split(':')[0]},mountpoint={mount.Split(':')[1]}";
}
