"""What can be chosen about a file of grids, for forms and commands. Imports nothing, so that a command starts quickly."""

GAUSS = "gauss"
# What an administrator can choose. Gauss-Kruger is for files that say nothing about their metres.
CHOICES: dict[str, str] = {
    "wgs84": "WGS-84 或 CGCS2000",
    "gcj02": "GCJ-02（高德、腾讯）",
    "bd09": "BD-09（百度）",
    GAUSS: "CGCS2000 高斯投影（3 度带，单位米，文件没有 .prj 时选）",
}
# What an export can be written in.
SYSTEM_NAMES: dict[str, str] = {key: words for key, words in CHOICES.items() if key != GAUSS}
FORMAT_NAMES: dict[str, str] = {"geojson": "GeoJSON", "shapefile": "Shapefile（zip）"}
