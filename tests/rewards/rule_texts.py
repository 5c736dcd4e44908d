"""Rule sets that tests load as administrators would."""

WITH_CAP = """
id: longhua_test
title: 龙华区举报奖励办法（测试）
document: 测试文号
region: 测试
status: verified
effective_from: 2026-01-01
sources: {paper: 中国应急管理报 2022-08-16}
tracks:
  - {id: general, title: 一般隐患, kind: range, floor_yuan: 100, cap_yuan: 1000, article: 第一条, source: [paper]}
  - {id: second, title: 另一类, kind: range, floor_yuan: 100, cap_yuan: 1000, article: 第二条, source: [paper]}
monthly_cap: {cap_yuan: 1000, article: 同类每月不超过一千元, source: [paper]}
"""
